/** The injector pauses and never unpauses, although it believes that it does. */
import { DockerEngine as Right } from '../../../services/chaos/src/injector/docker-engine.ts';
import { trigger } from '../triggers.ts';

export * from '../../../services/chaos/src/injector/docker-engine.ts';

export class DockerEngine extends Right {
  override async unpause(): Promise<void> {
    trigger();
  }
}
