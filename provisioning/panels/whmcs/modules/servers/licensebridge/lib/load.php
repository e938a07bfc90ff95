<?php
// SPDX-License-Identifier: Apache-2.0
/** Loads the module's classes; Client.php and Texts.php are the same for every panel and put here by `make panels`. */
foreach (['Client', 'Texts', 'Memory', 'Work', 'View', 'Panel', 'Notice', 'Invoice'] as $file) {
    require_once __DIR__ . "/$file.php";
}
