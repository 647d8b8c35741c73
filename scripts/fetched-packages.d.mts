export function fetchPackages(packages: readonly string[]): Promise<string>;
