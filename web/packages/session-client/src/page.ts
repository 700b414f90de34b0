// What the client needs of the page around it, so that a test can be the page.

export interface Page {
  visible(): boolean;
  online(): boolean;
  /** Calls back when either may have changed; returns how to stop it. */
  onChange(changed: () => void): () => void;
  /** Never called while the page is hidden. Returns how to cancel it. */
  after(ms: number, then: () => void): () => void;
  /** 0 ≤ x < 1 */
  random(): number;
  /** For a request that may have to be repeated: never the same twice. */
  key(): string;
  /** Whether the tab of this name is open now, here or elsewhere in this browser. */
  alive(tab: string): Promise<boolean>;
}
