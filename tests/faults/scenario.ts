import type { World } from "./world.ts";

/** What happens in the world while requests fail. It ends when nothing moves any more: see `settle`. */
export interface Scenario {
  readonly name: string;
  run(world: World): Promise<void>;
  /** How many images there may be in the end, and how many must be available. */
  readonly images: { readonly least: number; readonly most: number };
  /** The image whose job must end as available. */
  readonly mustBeAvailable: readonly string[];
  /** By image: how it ends, unless so much fails that a delivery is given up. `cancelled`: every job of it. */
  readonly usually?: Readonly<Record<string, "available" | "cancelled">>;
  /** Machines' clocks differ by so many seconds at least, either way. */
  readonly skewInSeconds?: number;
  /** Images that wait for a person in the end, and stay in the index; so many ticks are enough to see it. */
  readonly waits?: { readonly keys: readonly string[]; readonly ticks: number };
}

/** Something that happens in between two calls of something else, which makes about so many. */
export interface Interruption {
  readonly make: (call: number) => Scenario;
  readonly calls: number;
}

export const key = "team/web.qcow2";
export const sidecarKey = `${key}.import.yaml`;
export const one = { images: { least: 1, most: 1 }, mustBeAvailable: [key] };
export const oneOrTwo = { images: { least: 1, most: 2 }, mustBeAvailable: [key] };

export const second = 1000;
export const minute = 60 * second;
export const hour = 60 * minute;

/** Runs `act` before the functions' `call`-th call to the cloud from now on, counted over all that run. */
export function atCall(world: World, call: number, act: () => Promise<void>): void {
  let calls = 0;
  world.interleave = async () => {
    calls += 1;
    if (calls !== call) return;
    world.interleave = undefined;
    await act();
  };
}
