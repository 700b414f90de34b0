// The page in a browser. A tab is alive as long as it holds the Web Lock of its name: a crash lets go of it.
import type { Page } from "./page.js";

const lockName = (tab: string) => `berth.tab/${tab}`;

export class BrowserPage implements Page {
  private constructor(readonly tab: string) {}

  /** Over when this tab counts as alive. */
  static open(tab: string = crypto.randomUUID()): Promise<BrowserPage> {
    return new Promise((resolve, reject) => {
      const held = navigator.locks.request(lockName(tab), () => {
        resolve(new BrowserPage(tab));
        return new Promise<never>(() => {});
      });
      held.catch(reject);
    });
  }

  visible(): boolean {
    return document.visibilityState === "visible";
  }

  online(): boolean {
    return navigator.onLine;
  }

  onChange(changed: () => void): () => void {
    document.addEventListener("visibilitychange", changed);
    for (const name of ["online", "offline", "pagehide"]) addEventListener(name, changed);
    return () => {
      document.removeEventListener("visibilitychange", changed);
      for (const name of ["online", "offline", "pagehide"]) removeEventListener(name, changed);
    };
  }

  after(ms: number, then: () => void): () => void {
    const timer = setTimeout(then, ms);
    return () => clearTimeout(timer);
  }

  random(): number {
    return Math.random();
  }

  key(): string {
    return crypto.randomUUID();
  }

  async alive(tab: string): Promise<boolean> {
    const { held } = await navigator.locks.query();
    return (held ?? []).some((lock) => lock.name === lockName(tab));
  }
}
