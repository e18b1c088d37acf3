export class Money {
  static readonly #zero = new Money(0n);
  private constructor(private readonly cents: bigint) {}

  static of(whole: number, cents: number): Money {
    return new Money(BigInt(whole) * 100n + BigInt(Math.sign(whole) * cents));
  }
  static get zero(): Money {
    return Money.#zero;
  }
  plus(other: Money): Money {
    return new Money(this.cents + other.cents);
  }
  get isDebt(): boolean {
    return this.cents < 0n;
  }
  toString(): string {
    const size = this.isDebt ? -this.cents : this.cents;
    return `${this.isDebt ? "-" : ""}${size / 100n}.${String(size % 100n).padStart(2, "0")}`;
  }
}

export function total(amounts: readonly Money[]): Money {
  return amounts.reduce((sum, amount) => sum.plus(amount), Money.zero);
}

export function neverCalled(): never {
  throw new Error("esbuild should have shaken this off the tree");
}
