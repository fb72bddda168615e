/** For tests that run Compose in folders of other projects. */
import { after, before } from 'mocha';

/** Unsets the variable that names the lab's own files where tests run on images made offline. */
export function ignoreComposeFile(): void {
  const { COMPOSE_FILE: filesOfLab } = process.env;
  before(() => {
    delete process.env['COMPOSE_FILE'];
  });
  after(() => {
    if (filesOfLab !== undefined) process.env['COMPOSE_FILE'] = filesOfLab;
  });
}
