import type { Progress } from "./run-all.ts";

/** Shows on stderr how far all processes are: on a terminal one line that changes, elsewhere a line now and then. */
export interface Shown {
  show(process: number, progress: Progress): void;
  end(): void;
}

const pauseInMilliseconds = { terminal: 200, elsewhere: 30_000 };

export function progressLine(stream: NodeJS.WriteStream = process.stderr): Shown {
  const shares = new Map<number, Progress>();
  const pause = stream.isTTY ? pauseInMilliseconds.terminal : pauseInMilliseconds.elsewhere;
  let shownAt = performance.now();
  const sum = (field: "done" | "total"): number =>
    [...shares.values()].reduce((total, share) => total + share[field], 0);
  return {
    show: (process, progress) => {
      shares.set(process, progress);
      if (performance.now() - shownAt < pause) return;
      shownAt = performance.now();
      const line = `${progress.part}: ${sum("done")}/${sum("total")}`;
      stream.write(stream.isTTY ? `\r${line}\u001b[K` : `${line}\n`);
    },
    end: () => {
      if (stream.isTTY) stream.write("\r\u001b[K");
    },
  };
}
