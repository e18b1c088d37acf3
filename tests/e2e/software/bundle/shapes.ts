export interface Named {
  name: string;
}

export function list<T extends Named>(things: T[]): string {
  return things.map((thing) => thing.name).join(", ");
}

export namespace Version {
  export const text = [1, 2, 3].join(".");
}
