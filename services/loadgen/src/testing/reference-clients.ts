/** Clients that the benchmarks compare with, in the versions that the generator uses. */
export { default as autocannon } from 'autocannon';
export { Pool } from 'undici';
