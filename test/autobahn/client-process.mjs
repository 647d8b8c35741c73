// Runs cases at a fuzzing server with one client, and prints the number of each before it begins.
// Arguments: the client, the server's URL, then the cases.
import { ConnectError, WebSocketError } from 'wirespeed';
import { ECHO_CLIENTS } from './echo-clients.mjs';
import { ECHO_OPTIONS } from './echo-options.mjs';

const [client, server, ...cases] = process.argv.slice(2);
const echo = ECHO_CLIENTS[client];

for (const id of cases) {
  console.log(`case ${id}`);
  try {
    await echo(`${server}/runCase?casetuple=${id}&agent=${client}`, ECHO_OPTIONS);
  } catch (error) {
    // Most cases end with a failure that is provoked: the server judges whether it is the right one.
    if (!(error instanceof WebSocketError)) throw error;
    if (error instanceof ConnectError) console.log(`note ${error.message}`);
  }
}
