// One host of Agenda, as its documentation would have it: defines a job that does nothing, and tells
// the parent process how late each run began and when it was recorded as finished.

import { Agenda } from 'agenda';
import { MongoBackend, MongoChangeStreamNotificationChannel } from '@agendajs/mongo-backend';
import { MongoClient } from 'mongodb';
import { COLLECTION, JOB } from './settings.mjs';

const { url, database, settings } = JSON.parse(process.argv[2]);
const client = await MongoClient.connect(url, { maxPoolSize: settings.connections });
const db = client.db(database);
const agenda = new Agenda({
    name: `worker-${process.pid}`,
    backend: new MongoBackend({ mongo: db, collection: COLLECTION }),
    notificationChannel: settings.changeStream
        ? new MongoChangeStreamNotificationChannel({ db, collection: COLLECTION })
        : undefined,
    processEvery: settings.processEvery,
    maxConcurrency: settings.concurrency,
    defaultConcurrency: settings.concurrency,
    lockLimit: settings.lockLimit,
    defaultLockLimit: settings.lockLimit,
    removeOnComplete: settings.removeOnComplete,
});

// Agenda clears `nextRunAt` before it calls the handler, so the moment comes with the job's data.
const startedLate = new Map();
let ended = [];
agenda.define(JOB, async (job) => {
    startedLate.set(String(job.attrs._id), Date.now() - job.attrs.data.due);
});
agenda.on(`complete:${JOB}`, (job) => {
    const id = String(job.attrs._id);
    ended.push({ id, late: startedLate.get(id), at: Date.now() });
    startedLate.delete(id);
});
agenda.on(`fail:${JOB}`, (error) => process.send({ failed: error.message }));
agenda.on('error', (error) => process.send({ failed: error.message }));

setInterval(() => {
    if (ended.length > 0) {
        process.send({ ended });
        ended = [];
    }
}, 100);

// A host does not outlive whoever started it.
process.on('disconnect', () => process.exit(1));
process.on('message', async () => {
    await agenda.drain(10_000);
    await agenda.stop();
    await client.close();
    process.exit(0);
});
await agenda.start();
process.send({ ready: true });
