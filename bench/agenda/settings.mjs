// What the parts of a measurement agree on, and the settings of Agenda that are tried: the best counts.

export const COLLECTION = 'agendaJobs';
export const JOB = 'no-op';

export const SETTINGS = {
    // More than ever run at once: no-op jobs wait for the server only.
    concurrency: 100,
    connections: 100,
    // The collection, in which the next job is looked for, stays as small as may be.
    removeOnComplete: true,
    // Every lock and every end would wake every host, which then looks for jobs that others have:
    // slower, and no sooner, as hosts take jobs `processEvery` before they are due and set a timer.
    changeStream: false,
};

// A host locks jobs one after the other, `lockLimit` at the most, and begins the first when it has locked
// the last; `processEvery` milliseconds later it begins to lock again, even if it has not ended locking.
// What is best depends on how long the server takes for a lock, and on how many hosts want one.
export const CANDIDATES = [
    { processEvery: 2_000, lockLimit: 100 },
    { processEvery: 500, lockLimit: 20 },
    { processEvery: 200, lockLimit: 5 },
    { processEvery: 100, lockLimit: 100 },
];
