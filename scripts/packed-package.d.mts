export function installPacked(project: string): Promise<{ folder: string; files: string[] }>;
