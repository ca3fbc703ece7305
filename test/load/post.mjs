/** A request to a server under load. */
import { request as send } from 'node:http';

/** Sends a body to /predict, and resolves to the answer's status when all of it has come. */
export const post = (agent, port, type, body) =>
  new Promise((done, fail) => {
    const headers = { 'content-type': type, 'content-length': body.length };
    const request = send({ agent, port, host: '127.0.0.1', method: 'POST', path: '/predict', headers });
    request.on('error', fail);
    request.on('response', (response) => {
      response.resume();
      response.on('error', fail);
      response.on('end', () => done(response.statusCode));
    });
    request.end(body);
  });
