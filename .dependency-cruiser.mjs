// The import directions of src; "a → b" says that a may import b, and types count as well.
//
//   cli → entries → compat → client, server
//   client → blocking, dial          client, server, blocking → connection
//   blocking → dial                  connection, dial → transport → protocol
//   ground floor, for all but the core: options → errors → inspection; options → http-token; kernels → errors
//   the core (protocol) sees of it errors, inspection, http-token and what the kernels are

const NODE_MODULES = 'core';
/** What opens sockets, threads or files of the operating system. */
const NETWORK =
  '^(?:node:)?(?:child_process|cluster|dgram|dns|http|http2|https|net|tls|wasi|worker_threads|zlib)(?:/|$)';
const CLIENT = '^src/client/(async|events|sync)[-./]';
const GROUND = [
  '^src/(?:options|kernels)/',
  '^src/(?:diagnostics|errors|http-token|inspection)\\.ts$',
];

/** Forbids what matches `from` to import files other than those that match one of `allowed`. */
function only(name, comment, from, allowed) {
  return {
    name,
    comment,
    severity: 'error',
    from: { path: from },
    to: { pathNot: allowed, dependencyTypesNot: [NODE_MODULES] },
  };
}

/** Forbids a room to import from others than these and the ground floor. */
function room(name, comment, ...rooms) {
  const allowed = [name, ...rooms].map((each) => `^src/${each}/`);
  return only(`${name}-direction`, comment, `^src/${name}/`, [...allowed, ...GROUND]);
}

function never(name, comment, from, to) {
  return { name, comment, severity: 'error', from, to };
}

export default {
  forbidden: [
    never(
      'inspection-direction',
      'inspection.ts stands below everything.',
      { path: '^src/inspection\\.ts$' },
      { dependencyTypesNot: [NODE_MODULES] },
    ),
    only('errors-direction', 'errors.ts stands on how it is shown alone.', '^src/errors\\.ts$', [
      '^src/inspection\\.ts$',
    ]),
    never(
      'http-token-direction',
      'http-token.ts stands on nothing.',
      { path: '^src/http-token\\.ts$' },
      { dependencyTypesNot: [NODE_MODULES] },
    ),
    never(
      'diagnostics-direction',
      'diagnostics.ts stands on nothing of ours.',
      { path: '^src/diagnostics\\.ts$' },
      { dependencyTypesNot: [NODE_MODULES] },
    ),
    only('options-direction', 'The options stand on errors and tokens.', '^src/options/', [
      '^src/options/',
      '^src/(?:errors|http-token)\\.ts$',
    ]),
    only('kernels-direction', 'The kernels stand on the errors alone.', '^src/kernels/', [
      '^src/kernels/',
      '^src/errors\\.ts$',
    ]),
    only(
      'protocol-direction',
      'The core takes its kernels as an argument and knows no other layer.',
      '^src/protocol/',
      [
        '^src/protocol/',
        '^src/(?:errors|http-token|inspection)\\.ts$',
        '^src/kernels/(?:kernels|scalar)\\.ts$',
      ],
    ),
    room('transport', 'The transport pumps bytes, and knows no connection.', 'protocol'),
    room('dial', 'Dialing ends with an open socket.', 'transport', 'protocol'),
    room('connection', 'A connection is given its socket.', 'transport', 'protocol'),
    room(
      'blocking',
      'What blocks serves the clients and knows none.',
      ...['connection', 'dial', 'transport', 'protocol'],
    ),
    room(
      'client',
      'A client knows neither the server nor the command.',
      ...['blocking', 'connection', 'dial', 'transport', 'protocol'],
    ),
    room(
      'server',
      'The server dials nobody, and knows no client.',
      ...['connection', 'transport', 'protocol'],
    ),
    room(
      'compat',
      'A drop-in stands on what exists, and nothing stands on it.',
      ...['client', 'server', 'connection', 'dial', 'transport', 'protocol'],
    ),
    room(
      'entries',
      'An entry point exports what others make.',
      ...['compat', 'client', 'server', 'connection', 'transport', 'protocol'],
    ),
    never(
      'entries-on-top',
      'Only the command uses the entry points.',
      { path: '^src/', pathNot: '^src/(?:entries|cli)/' },
      { path: '^src/entries/' },
    ),
    never(
      'options-parts',
      'The parts of the options are used by options.ts alone.',
      { path: '^src/', pathNot: '^src/options/' },
      { path: '^src/options/', pathNot: '^src/options/options\\.ts$' },
    ),
    only('cli-direction', 'The command uses what every user has.', '^src/cli/', [
      '^src/(?:cli|entries)/',
    ]),
    never(
      'clients-apart',
      'What two clients share belongs into a file of its own.',
      { path: CLIENT },
      { path: CLIENT, pathNot: '^src/client/$1[-./]' },
    ),
    never(
      'clients-on-top',
      'Only the client itself and the entry points import a client.',
      { path: '^src/client/', pathNot: CLIENT },
      { path: CLIENT },
    ),
    never(
      'index-without-other-clients',
      'The main entry must not load the other clients or the server.',
      { path: '^src/entries/index\\.ts$' },
      { path: '^src/(?:client/(?:events|sync)[-./]|server/|entries/)' },
    ),
    never(
      'core-without-node',
      'The core, its kernels and the errors run on any JavaScript engine.',
      {
        path: '^src/(?:protocol/|(?:errors|http-token|inspection)\\.ts$|kernels/)',
        pathNot: '^src/kernels/node\\.ts$',
      },
      { dependencyTypes: [NODE_MODULES] },
    ),
    never(
      'network-only-in-some-folders',
      'Sockets, threads and zlib have their rooms; others may name their types at most.',
      { path: '^src/', pathNot: '^src/(?:transport|dial|blocking|server)/' },
      { path: NETWORK, dependencyTypes: [NODE_MODULES], dependencyTypesNot: ['type-only'] },
    ),
    never(
      'no-dependencies',
      'The package has no runtime dependency.',
      { path: '^src/' },
      { dependencyTypesNot: ['local', NODE_MODULES], couldNotResolve: false },
    ),
    never('no-cycles', 'Files that need each other are one file.', {}, { circular: true }),
    never('resolvable', 'An import leads somewhere.', {}, { couldNotResolve: true }),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
  },
};
