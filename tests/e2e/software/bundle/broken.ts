import { absent } from "./money";
export const x: number = absent(;
