// What esbuild bundles in the enclave: types to erase, an enum, a namespace, a decorator-free class and three modules.
import { Money, total } from "./money";
import * as shapes from "./shapes";
import type { Named } from "./shapes";

enum Branch {
  North = "north",
  South = "south",
}

interface Payment extends Named {
  readonly amount: Money;
  branch: Branch;
}

const payments: Payment[] = [
  { name: "rent", amount: Money.of(1200, 50), branch: Branch.North },
  { name: "coffee", amount: Money.of(2, 80), branch: Branch.South },
  { name: "refund", amount: Money.of(-19, 99), branch: Branch.North },
];

for (const branch of Object.values(Branch)) {
  const mine = payments.filter((payment) => payment.branch === branch);
  console.log(`${branch}: ${total(mine.map(({ amount }) => amount))} in ${shapes.list(mine)}`);
}
console.log(payments.at(-1)?.amount.isDebt ?? "nothing", <number>(2 ** 10), shapes.Version.text satisfies string);
