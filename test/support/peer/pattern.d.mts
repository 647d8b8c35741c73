export function patternBytes(size: number, isText?: boolean): Buffer<ArrayBuffer>;
