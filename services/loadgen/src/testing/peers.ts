/** What the benches compare with, in the versions that the generator itself uses. */
export { default as autocannon } from 'autocannon';
export { Pool } from 'undici';
