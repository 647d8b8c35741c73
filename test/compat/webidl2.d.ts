/** As much of the types of `webidl2` as the tests need; the package has none of its own. */
declare module 'webidl2' {
  export function parse(definition: string): readonly unknown[];
}
