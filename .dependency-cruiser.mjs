// The import directions of src; "a → b" says that a may import b, and types count as well.
//
//   inspection → nothing          errors → inspection
//   options → errors, and its parts in options/
//   kernels → errors              protocol → errors, the kernels' interface and pure reference
//   transport → protocol and all below it
//   client, server → transport and all below it, never each other; no face → another face
//   cli → the public entry points

const NODE_MODULES = 'core';
/** What opens sockets, threads or files of the operating system. */
const NETWORK =
  '^(?:node:)?(?:child_process|cluster|dgram|dns|http|http2|https|net|tls|wasi|worker_threads|zlib)(?:/|$)';
const FACE = '^src/client/(async|events|sync)[-./]';

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
    only(
      'options-direction',
      'options.ts stands on the errors alone, and on its own parts.',
      '^src/options(?:\\.ts$|/)',
      ['^src/options/', '^src/errors\\.ts$'],
    ),
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
        '^src/(?:errors|inspection)\\.ts$',
        '^src/kernels/(?:kernels|scalar)\\.ts$',
      ],
    ),
    only(
      'transport-direction',
      'The transport serves every face and knows none.',
      '^src/transport/',
      ['^src/(?:transport|protocol|kernels)/', '^src/(?:errors|inspection|options)\\.ts$'],
    ),
    only('client-direction', 'A client knows neither the server nor the command.', '^src/client/', [
      '^src/(?:client|transport|protocol|kernels)/',
      '^src/(?:errors|inspection|options)\\.ts$',
    ]),
    only('server-direction', 'The server knows neither a client nor the command.', '^src/server/', [
      '^src/(?:server|transport|protocol|kernels)/',
      '^src/(?:errors|inspection|options)\\.ts$',
    ]),
    only(
      'index-direction',
      'The main entry is the async face and the errors.',
      '^src/index\\.ts$',
      ['^src/(?:client|transport|protocol)/', '^src/(?:errors|inspection|options)\\.ts$'],
    ),
    only('cli-direction', 'The command uses what every user has.', '^src/cli/', [
      '^src/cli/',
      '^src/(?:index|client/events|client/sync|server/index)\\.ts$',
    ]),
    never(
      'faces-apart',
      'What two faces share belongs into a file of its own.',
      { path: FACE },
      { path: FACE, pathNot: '^src/client/$1[-./]' },
    ),
    never(
      'faces-on-top',
      'Only the face itself and the entry points import a face.',
      { path: '^src/client/', pathNot: FACE },
      { path: FACE },
    ),
    never(
      'index-without-other-faces',
      'The main entry must not load the other faces.',
      { path: '^src/index\\.ts$' },
      { path: '^src/client/(?:events|sync)[-./]' },
    ),
    never(
      'core-without-node',
      'The core, its kernels and the errors run on any JavaScript engine.',
      {
        path: '^src/(?:protocol/|(?:errors|inspection)\\.ts$|kernels/)',
        pathNot: '^src/kernels/node\\.ts$',
      },
      { dependencyTypes: [NODE_MODULES] },
    ),
    never(
      'network-in-transport-only',
      'Sockets, threads and zlib are the transport’s; others may name their types at most.',
      { path: '^src/', pathNot: '^src/transport/' },
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
