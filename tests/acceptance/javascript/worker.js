// A worker as somebody else would write it: RabbitMQ's contract for plain workers, amqplib, nothing of ours.
//
//     BROKER_URL=amqp://… node worker.js foreign-single,foreign-middle
//
// It returns the bytes of a request in reverse, and tells how many there were in a header for the next step.
// A JSON body with the key "ask" asks for another end: invalid, error, reject or crash.
'use strict';

const crypto = require('node:crypto');
const amqplib = require('amqplib');

const HEARTBEATS = 'regards.worker.manager.heartbeat';
const ANSWERS = 'regards.worker.manager.response';
const DEAD_LETTERS = 'regards.DLX';
const FAILED_REQUESTS = 'regards.worker.manager.request.dlq';
const ANY_KEY = '#';

const BEAT_MS = Number(process.env.BEAT_MS || 1000);
// The name of this process, unique among all workers.
const WORKER_ID = `javascript-${crypto.randomUUID()}`;

class Refused extends Error {}
class Rejected extends Error {}
class Failed extends Error {}

function queueOf(workerType) {
  return `regards.worker.${workerType.toLowerCase()}.request`;
}

async function declare(channel, workerType) {
  const name = queueOf(workerType);
  await channel.assertExchange(DEAD_LETTERS, 'topic', { durable: true });
  await channel.assertExchange(HEARTBEATS, 'topic', { durable: true });
  await channel.assertExchange(ANSWERS, 'topic', { durable: true });
  await channel.assertExchange(name, 'topic', { durable: true });
  await channel.assertQueue(name, {
    durable: true,
    maxPriority: 255,
    deadLetterExchange: DEAD_LETTERS,
    deadLetterRoutingKey: FAILED_REQUESTS,
  });
  await channel.bindQueue(name, name, ANY_KEY);
  await channel.assertQueue(FAILED_REQUESTS, { durable: true, maxPriority: 255 });
  await channel.bindQueue(FAILED_REQUESTS, DEAD_LETTERS, FAILED_REQUESTS);
}

function beat(channel, workerType) {
  const body = { id: WORKER_ID, type: workerType, heartBeatDate: new Date().toISOString() };
  // Any tenant will do: a worker serves them all.
  channel.publish(HEARTBEATS, ANY_KEY, Buffer.from(JSON.stringify(body)), {
    headers: { 'regards.tenant': process.env.TENANT || 'default' },
    contentType: 'application/json',
  });
}

function answer(channel, request, body) {
  const { headers } = request.properties;
  channel.publish(ANSWERS, ANY_KEY, Buffer.from(JSON.stringify(body)), {
    headers: {
      'regards.tenant': headers['regards.tenant'],
      'regards.request.id': headers['regards.request.id'],
    },
    contentType: 'application/json',
    persistent: true,
  });
}

// What the body asks for, when it is a JSON object at all: inside a workflow it may be any bytes.
function asked(content) {
  try {
    return JSON.parse(content.toString('utf8')).ask;
  } catch {
    return undefined;
  }
}

function work(content) {
  switch (asked(content)) {
    case 'invalid':
      throw new Refused('no géométrie in the body');
    case 'error':
      throw new Failed('the disk is full');
    case 'reject':
      throw new Rejected();
    case 'crash':
      throw new TypeError('undefined is not a scene');
    default:
      return Buffer.from(content).reverse();
  }
}

// A failure that nobody foresaw: the request goes to the dead letters, with the stack trace.
function republish(channel, request, error) {
  channel.publish(DEAD_LETTERS, FAILED_REQUESTS, request.content, {
    headers: { ...request.properties.headers, 'x-exception-stacktrace': error.stack },
    contentType: request.properties.contentType,
    persistent: true,
  });
}

function settle(channel, request, error) {
  if (error instanceof Rejected) {
    channel.nack(request, false, false);
    return false;
  }
  if (error instanceof Refused) {
    answer(channel, request, { status: 'INVALID_CONTENT', messages: [error.message] });
  } else if (error instanceof Failed) {
    answer(channel, request, { status: 'ERROR', messages: [error.message] });
  } else {
    republish(channel, request, error);
  }
  return true;
}

async function handle(channel, request) {
  let answered = true;
  try {
    answer(channel, request, { status: 'RUNNING' });
    const content = work(request.content);
    answer(channel, request, {
      status: 'SUCCESS',
      messages: [`${content.length} bytes reversed`],
      additionalHeaders: { 'js.bytes': content.length, 'js.city': 'Orléans' },
      content: content.toString('base64'),
    });
  } catch (error) {
    answered = settle(channel, request, error);
  }
  if (answered) {
    // First the broker has the answer, then the request may go.
    await channel.waitForConfirms();
    channel.ack(request);
  }
}

async function main(workerTypes) {
  const connection = await amqplib.connect(process.env.BROKER_URL);
  const channel = await connection.createConfirmChannel();
  await channel.prefetch(1);
  for (const workerType of workerTypes) {
    await declare(channel, workerType);
    await channel.consume(queueOf(workerType), (request) => request && handle(channel, request));
  }
  const announce = () => workerTypes.forEach((workerType) => beat(channel, workerType));
  announce();
  const timer = setInterval(announce, BEAT_MS);
  process.once('SIGTERM', async () => {
    clearInterval(timer);
    await connection.close();
  });
  console.log(`${WORKER_ID} is ready for ${workerTypes.join(', ')}`);
}

main(process.argv[2].split(',')).catch((error) => {
  console.error(error);
  process.exit(1);
});
