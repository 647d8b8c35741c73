// A conversation in a runtime that has a WebSocket of its own. Prints what was seen, as JSON.
// Arguments: the URL, the scenario, and its text.
import process from 'node:process';
import { converse } from './standard-client.mjs';

console.log(JSON.stringify(await converse(WebSocket, ...process.argv.slice(2))));
