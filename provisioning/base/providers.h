/* SPDX-License-Identifier: Apache-2.0 */
/* providers: which there are, one row each.  A row's words are its enum's
 * (PROVIDER_…), its structs' (offer_… in order/, provider_… in provider/) and the
 * configuration's and the database's. */
#ifndef BASE_PROVIDERS_H
#define BASE_PROVIDERS_H

#define PROVIDERS(ROW)                                                                                                 \
    ROW(724LICENSE, license724, "724license")                                                                          \
    ROW(LISANSZONE, lisanszone, "lisanszone")

#endif
