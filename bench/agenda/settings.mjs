// What both sides of a measurement agree on, and the settings that Agenda was fastest with.

export const COLLECTION = 'agendaJobs';
export const JOB = 'no-op';

export const SETTINGS = {
    processEvery: 100,
    concurrency: 100,
    lockLimit: 100,
    removeOnComplete: true,
    changeStream: false,
    connections: 100,
};
