/**
 * What `encore init` knows besides the Compose file itself. All of it is optional: the more is
 * known, the more ports are found.
 */
export interface ImageFacts {
  /** As in the image: `5432/tcp`. */
  exposed: readonly string[];
  hasHealthcheck: boolean;
}

/** A text file that a service reads: its mounted configuration, or its Dockerfile. */
export interface ServiceText {
  service: string;
  /** As a message shows it. */
  path: string;
  text: string;
}

export interface ProjectFacts {
  /** By `imageName`; images that are not on this machine are missing. */
  images: Readonly<Record<string, ImageFacts>>;
  mounted: readonly ServiceText[];
  dockerfiles: readonly ServiceText[];
  /** Services that start without further profiles. */
  active: readonly string[];
}
