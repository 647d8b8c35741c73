#!/usr/bin/env node
/**
 * The `wirespeed` command.
 */
import { runEcho } from './echo.ts';

const HELP = `Usage: wirespeed <command> [options]

Commands:
  echo     run a WebSocket server that sends every message back

wirespeed <command> --help lists the options of a command.
`;

async function main(args: readonly string[]): Promise<void> {
  const [command, ...rest] = args;
  if (command === 'echo') {
    await runEcho(rest);
  } else if (command === '--help' || command === '-h' || command === 'help') {
    process.stdout.write(HELP);
  } else {
    const problem = command === undefined ? 'no command given' : `unknown command '${command}'`;
    process.stderr.write(`wirespeed: ${problem}\n\n${HELP}`);
    process.exitCode = 2;
  }
}

main(process.argv.slice(2)).catch((error: Error) => {
  process.stderr.write(`wirespeed: ${error.message}\n`);
  process.exitCode = 1;
});
