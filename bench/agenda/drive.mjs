// Measures Agenda in a database of its own, and drops the database:
//
//   node drive.mjs '{"url": "mongodb://…", "database": "…", "mode": "backlog", "hosts": 2, "jobs": 1000}'
//   node drive.mjs '{"url": "mongodb://…", "database": "…", "mode": "light", "hosts": 2, "jobs": 100,
//                    "per_second": 5}'
//   node drive.mjs '{"url": "mongodb://…", "database": "…", "mode": "drop"}'
//
// `backlog`: all jobs are due at one moment. `light`: each is due at a moment of its own. In both the
// jobs are stored first and the hosts are ready before the first is due. `fed`: with `waiting`, so many
// are due at first, and each that ends makes room for another that is due at once, so that the
// collection stays small. Every candidate of settings.mjs is tried, unless `settings` names one. Prints
// the best as one line of JSON, with all that were tried.

import { fork } from 'node:child_process';
import { MongoClient } from 'mongodb';
import { CANDIDATES, COLLECTION, JOB, SETTINGS } from './settings.mjs';

// How long before the first job is due the hosts must have been ready.
const LEAD_MS = 3_000;
// How long the first settings may take after the moment; others no longer than the best so far.
const PATIENCE_MS = 120_000;

const order = JSON.parse(process.argv[2]);
let settings = SETTINGS;

class Worker {
    static all = [];

    constructor() {
        Worker.all.push(this);
        const { url, database } = order;
        const file = new URL('worker.mjs', import.meta.url);
        this.process = fork(file, [JSON.stringify({ url, database, settings })]);
        this.ready = new Promise((resolve, reject) => {
            this.process.once('message', resolve);
            this.process.once('exit', (code) => reject(new Error(`a host ended with ${code}`)));
        });
    }

    static async killAll() {
        const running = Worker.all.filter((it) => it.process.exitCode === null);
        const gone = running.map((it) => new Promise((resolve) => it.process.once('exit', resolve)));
        running.forEach((it) => it.process.kill());
        await Promise.all(gone);
        Worker.all = [];
    }

    // Forgets the listeners of a measurement.
    release() {
        this.process.removeAllListeners('exit');
        this.process.removeAllListeners('message');
    }

    stop() {
        return new Promise((resolve) => {
            this.process.once('exit', resolve);
            this.process.send('stop');
        });
    }
}

const client = await MongoClient.connect(order.url);
const db = client.db(order.database);
let failure;
try {
    await db.dropDatabase();
    if (order.mode !== 'drop') {
        console.log(JSON.stringify(await best()));
    }
} catch (error) {
    failure = error;
    console.error(error.message);
}
await db.dropDatabase();
process.exit(failure ? 1 : 0);

async function best() {
    const isBetter = (one, other) => order.mode === 'light'
        ? one.due_to_started_ms.p99 < other.due_to_started_ms.p99
        : one.seconds < other.seconds;
    const tried = [];
    let found;
    for (const candidate of order.settings ? [order.settings] : CANDIDATES) {
        settings = { ...SETTINGS, ...candidate };
        await db.dropDatabase();
        try {
            const patience = found && order.mode !== 'light' ? found.seconds * 1_000 : PATIENCE_MS;
            const measured = await measure(order.patience_ms ?? patience);
            const { per_second, due_to_started_ms } = measured;
            tried.push({ ...candidate, per_second, due_to_started_ms });
            if (!found || isBetter(measured, found)) {
                found = measured;
            }
        } catch (error) {
            tried.push({ ...candidate, failed: error.message });
        }
        await Worker.killAll();
    }
    // Where none of the settings ends all jobs, there is no figure, and what was tried says why.
    return { ...(found ?? { unfinished: true }), tried };
}

async function measure(patience) {
    // The hosts make Agenda's index on the empty collection, and are given the jobs long before they
    // are due.
    const workers = Array.from({ length: order.hosts }, () => new Worker());
    await Promise.all(workers.map((it) => it.ready));
    const spacing = order.mode === 'light' ? 1_000 / order.per_second : 0;
    const atFirst = order.mode === 'fed' ? Math.min(order.waiting, order.jobs) : order.jobs;
    const due = Math.ceil((Date.now() + LEAD_MS + atFirst) / 1_000) * 1_000;
    await store(atFirst, due, spacing);
    if (Date.now() > due - LEAD_MS / 2) {
        throw new Error('storing the jobs took longer than expected; repeat');
    }

    const ended = await allEnded(workers, order.jobs - atFirst, due + patience)
        .finally(() => workers.forEach((it) => it.release()));
    await Promise.all(workers.map((it) => it.stop()));

    const all = [...ended.values()];
    const last = Math.max(...all.map((it) => it.at));
    const seconds = (last - due) / 1_000;
    const late = all.map((it) => it.late).sort((one, other) => one - other);
    const quantile = (share) => late[Math.max(Math.ceil(share * late.length) - 1, 0)];
    return {
        hosts: order.hosts,
        jobs: order.jobs,
        seconds,
        per_second: order.jobs / seconds,
        due_to_started_ms: { p50: quantile(0.5), p99: quantile(0.99), max: quantile(1) },
        settings,
    };
}

// What the hosts tell of every job, by its id; fails where a job fails, runs twice or takes too long.
// Stores another job for each that ended while there are more.
function allEnded(workers, more, until) {
    const ended = new Map();
    return new Promise((resolve, reject) => {
        const late = () => reject(new Error(`only ${ended.size} jobs ended`));
        const timer = setTimeout(late, until - Date.now());
        const take = (message) => {
            if (message.failed) {
                reject(new Error(message.failed));
            }
            for (const it of message.ended ?? []) {
                if (ended.has(it.id)) {
                    reject(new Error(`job ${it.id} ran twice`));
                }
                ended.set(it.id, it);
            }
            const next = Math.min(message.ended?.length ?? 0, more);
            more -= next;
            store(next, Date.now(), 0).catch(reject);
            if (ended.size === order.jobs) {
                clearTimeout(timer);
                resolve(ended);
            }
        };
        for (const worker of workers) {
            worker.process.on('exit', () => reject(new Error('a host ended')));
            worker.process.on('message', take);
        }
    });
}

// Stores jobs as Agenda's own `saveJob` does, but many in a call.
async function store(count, due, spacing) {
    const jobs = Array.from({ length: count }, (_, number) => {
        const at = Math.round(due + number * spacing);
        return {
            name: JOB, data: { due: at }, priority: 0, type: 'normal', nextRunAt: new Date(at),
            lockedAt: null, lastFinishedAt: null, failedAt: null, failCount: null, failReason: null,
            repeatTimezone: null, lastRunAt: null, repeatInterval: null, repeatAt: null,
            disabled: null, progress: null, debounceStartedAt: null, fork: null, startDate: null,
            endDate: null, skipDays: null, lastModifiedBy: null,
        };
    });
    for (let from = 0; from < jobs.length; from += 500) {
        await db.collection(COLLECTION).insertMany(jobs.slice(from, from + 500));
    }
}
