// Compiles a program that uses the types of the packed package, with all declarations checked: by every compiler
// that they are for, with the types of every version of Node.js, and in every way to resolve modules. The compilers
// come from npm, into an ignored folder.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { fetchPackages } from './fetched-packages.mjs';
import { listArgument } from './node-majors.mjs';
import { installPacked } from './packed-package.mjs';

/** The last version of each minor, from the oldest that knows `using` to the newest. */
export const COMPILERS = [
  ...['5.2.2', '5.3.3', '5.4.5', '5.5.4', '5.6.3', '5.7.3', '5.8.3', '5.9.3'],
  ...['6.0.3', '7.0.2'],
];
/** Types of Node.js, by its majors. */
export const NODE_TYPES = { 20: '20.19.43', 22: '22.20.7', 24: '24.19.4', 26: '26.6.7' };

/** Ways to resolve modules: the compiler's options, and the files that are compiled under them. */
const WAYS = {
  node16: { module: 'node16', moduleResolution: 'node16', files: ['program.mts', 'program.cts'] },
  nodenext: { module: 'nodenext', files: ['program.mts', 'program.cts'] },
  bundler: { module: 'esnext', moduleResolution: 'bundler', files: ['program.ts'] },
  node10: { module: 'commonjs', moduleResolution: 'node10', files: ['program.ts'] },
};
export const RESOLUTIONS = Object.keys(WAYS);

/** A program that names the main types of every entry point. */
const PROGRAM = `
import { connect, type Connection, type ConnectOptions, TimeoutError } from 'wirespeed';
import { connect as connectSync, type SyncConnection } from 'wirespeed/sync';
import { connect as connectEvents, type EventConnection, type Handlers } from 'wirespeed/events';
import { serve, type Server } from 'wirespeed/server';
import { CloseCode, OutputBuffer, Session } from 'wirespeed/protocol';

const options: ConnectOptions = { connectTimeout: 1000, protocols: ['chat'] };
const handlers: Handlers<{ name: string }> = {
  message(ws, data, isText) {
    const sent: boolean = ws.send(isText ? ws.data.name : data);
    if (!sent) ws.close(CloseCode.goingAway);
  },
};

export async function main(url: URL): Promise<number> {
  await using ws: Connection = await connect(url, options);
  await ws.send('hello');
  for await (const message of ws) {
    const length: number = message.length;
    if (length > 0) break;
  }
  const events: EventConnection<{ name: string }> = await connectEvents(url, handlers);
  events.terminate();
  using sync: SyncConnection = connectSync(url);
  const received: string | Uint8Array = sync.recv({ timeout: 10 });
  const server: Server = await serve({ port: 0, handlers });
  await server.close();
  const error: unknown = new TimeoutError('recv', 10);
  return error instanceof TimeoutError ? received.length : ws.ping();
}

export const core = [OutputBuffer, Session];
`;
/** The part of the program that only a CommonJS module can have. */
const REQUIRING = `
import wirespeed = require('wirespeed');
export const connectAnew: typeof connect = wirespeed.connect;
`;

/** Whether a compiler has a way to resolve modules. Version 6 is the last with node10. */
export function isKnown(compiler, resolution) {
  return resolution !== 'node10' || Number.parseInt(compiler, 10) < 7;
}

/**
 * Makes a folder with the packed package and the programs to compile.
 *
 * @returns {Promise<string>}
 */
export async function makeTypeProject() {
  const project = await mkdtemp(join(tmpdir(), 'wirespeed-types-'));
  await installPacked(project);
  await writeFile(join(project, 'package.json'), '{ "type": "module" }');
  await writeFile(join(project, 'program.ts'), PROGRAM);
  await writeFile(join(project, 'program.mts'), PROGRAM);
  await writeFile(join(project, 'program.cts'), PROGRAM + REQUIRING);
  return project;
}

/**
 * Compiles the programs in one way, and returns the compiler's errors in them and in the package. Its errors in the types
 * of Node.js are left out.
 *
 * @param {string} project
 * @param {{ compiler: string, nodeTypes: string, resolution: string }} way versions of TypeScript and of `@types/node`
 * @returns {Promise<string[]>}
 * @throws if the compiler or the types cannot be fetched
 */
export async function compile(project, { compiler, nodeTypes, resolution }) {
  const typescript = await fetchPackages([`typescript@${compiler}`]);
  const types = await fetchPackages([`@types/node@${nodeTypes}`]);
  const folder = join(project, `types-${nodeTypes}`);
  await mkdir(folder, { recursive: true });
  const typeRoot = join(types, 'node_modules/@types');
  await symlink(typeRoot, join(folder, '@types')).catch((error) => {
    if (error.code !== 'EEXIST') throw error;
  });
  const { files, ...options } = WAYS[resolution];
  const config = {
    compilerOptions: {
      ...options,
      target: 'es2022',
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      noEmit: true,
      typeRoots: [join(folder, '@types')],
      types: ['node'],
      ...(compiler.startsWith('6.') ? { ignoreDeprecations: '6.0' } : {}),
    },
    files,
  };
  const configFile = join(project, `${compiler}-${nodeTypes}-${resolution}.json`);
  await writeFile(configFile, JSON.stringify(config));
  const tsc = join(typescript, 'node_modules/typescript/bin/tsc');
  const args = [tsc, '--pretty', 'false', '-p', configFile];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: project }).catch(
    (error) => {
      if (typeof error.code !== 'number') throw error;
      return error;
    },
  );
  return stdout
    .split('\n')
    .filter((line) => /error TS\d+/.test(line) && !/^[^(]*@types\/node\//.test(line));
}

/** Compiles the programs in every way, and prints a line for each. */
async function main() {
  const compilers = listArgument('compilers', COMPILERS);
  const majors = listArgument('types', Object.keys(NODE_TYPES));
  const project = await makeTypeProject();
  try {
    const ways = compilers.flatMap((compiler) =>
      majors.flatMap((major) =>
        RESOLUTIONS.filter((resolution) => isKnown(compiler, resolution)).map((resolution) => ({
          compiler,
          nodeTypes: NODE_TYPES[major],
          resolution,
        })),
      ),
    );
    for (const name of compilers) await fetchPackages([`typescript@${name}`]);
    for (const major of majors) await fetchPackages([`@types/node@${NODE_TYPES[major]}`]);
    const work = async () => {
      for (let way = ways.shift(); way !== undefined; way = ways.shift()) {
        const objections = await compile(project, way);
        const { compiler, nodeTypes, resolution } = way;
        const said = objections.length === 0 ? 'ok    ' : 'FAILED';
        console.log(`${said} typescript ${compiler}, @types/node ${nodeTypes}, ${resolution}`);
        for (const objection of objections) console.log(`  ${objection}`);
        if (objections.length > 0) process.exitCode = 1;
      }
    };
    await Promise.all(Array.from({ length: availableParallelism() }, work));
  } finally {
    await rm(project, { recursive: true });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await main();
