/** A process that dies after so many steps: from then on nothing that it begins happens. */
import type { Store } from '../../../src/store/store.ts';
import type { Exchange } from '../../../src/wire/exchange.ts';

export class Killed extends Error {}

export class Mortal {
  /** steps that are left; undefined: it lives on */
  left: number | undefined;
  isDead = false;

  constructor(steps?: number) {
    this.left = steps;
  }

  #step(): void {
    if (this.left === 0) this.isDead = true;
    if (this.isDead) throw new Killed();
    if (this.left !== undefined) this.left--;
  }

  /** Dies before or after what it does to the store. */
  store(real: Store): Store {
    const wrap = <T extends object>(of: T): T =>
      new Proxy(of, {
        get: (target, name) => {
          const value: unknown = Reflect.get(target, name);
          if (name === 'messages') return wrap(value as object);
          if (typeof value !== 'function') return value;
          return async (...given: unknown[]) => {
            this.#step();
            const result: unknown = await Reflect.apply(value, target, given);
            this.#step();
            return result;
          };
        },
      });
    return wrap(real);
  }

  /** Dies before a request leaves, or when its answer is there. */
  around =
    (exchange: Exchange): Exchange =>
    async (request, signal) => {
      this.#step();
      const result = await exchange(request, signal);
      this.#step();
      return result;
    };
}
