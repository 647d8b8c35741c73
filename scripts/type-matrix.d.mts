export const COMPILERS: readonly string[];
export const NODE_TYPES: Readonly<Record<'20' | '22' | '24' | '26', string>>;

/** A way to compile: versions of TypeScript and of `@types/node`, and how modules are resolved. */
export interface Way {
  compiler: string;
  nodeTypes: string;
  resolution: string;
}

export function makeTypeProject(): Promise<string>;
export function compile(project: string, way: Way): Promise<string[]>;
