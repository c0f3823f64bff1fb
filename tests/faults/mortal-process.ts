import type { Clock } from "../../shared/clock.ts";
import type { Cloud } from "../../shared/cloud/ports.ts";

/**
 * A function's process that can be killed: from that moment no call of its returns and no new one begins, as if the
 * machine had gone. What it left running is forgotten.
 */
export interface MortalProcess {
  readonly cloud: Cloud;
  readonly clock: Clock;
  readonly isDead: () => boolean;
  kill(): void;
  /** How the work ended. */
  run(work: () => Promise<void>): Promise<Ending>;
}

export type Ending =
  | { readonly kind: "done" }
  | { readonly kind: "killed" }
  | { readonly kind: "threw"; readonly error: unknown };

/** `afterCall` comes between what a call has done and its answer, which is lost when it rejects. */
export function startProcess(
  cloud: Cloud,
  clock: Clock,
  beforeCall: (method: string) => Promise<void>,
  afterCall: (method: string) => Promise<void> = async () => {},
): MortalProcess {
  let dead = false;
  let onDeath: (ending: Ending) => void = () => {};
  const death = new Promise<Ending>((resolve) => {
    onDeath = resolve;
  });
  const forever = new Promise<never>(() => {});
  const guarded = <T extends object>(port: T): T =>
    new Proxy(port, {
      get:
        (target, name) =>
        async (...args: readonly unknown[]) => {
          if (dead) return forever;
          await beforeCall(String(name));
          if (dead) return forever;
          const method: unknown = Reflect.get(target, name);
          if (typeof method !== "function") throw new Error(`A port has no method ${String(name)}.`);
          const outcome = await (method.apply(target, args) as Promise<unknown>).then(
            (value) => () => value,
            (error: unknown) => () => {
              throw error;
            },
          );
          await afterCall(String(name));
          return dead ? forever : outcome();
        },
    });
  return {
    cloud: { objects: guarded(cloud.objects), images: guarded(cloud.images) },
    clock: {
      now: () => clock.now(),
      sleep: async (milliseconds, signal) => {
        await clock.sleep(milliseconds, signal);
        return dead ? forever : undefined;
      },
    },
    isDead: () => dead,
    kill: () => {
      dead = true;
      onDeath({ kind: "killed" });
    },
    run: (work) =>
      Promise.race([
        death,
        work().then(
          (): Ending => ({ kind: "done" }),
          (error: unknown): Ending => ({ kind: "threw", error }),
        ),
      ]),
  };
}
