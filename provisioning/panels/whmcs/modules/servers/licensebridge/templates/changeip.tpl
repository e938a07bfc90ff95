{* SPDX-License-Identifier: Apache-2.0 *}
<form method="post" action="clientarea.php?action=productdetails" class="form-inline licensebridge-move">
  <input type="hidden" name="id" value="{$serviceid|escape}">
  <input type="hidden" name="modop" value="custom">
  <input type="hidden" name="a" value="clientchangeip">
  <label for="licensebridge-newip" class="mr-2">{$texts.new_address|escape}</label>
  <input type="text" id="licensebridge-newip" name="newip" class="form-control mr-2" maxlength="45" required>
  <button type="submit" class="btn btn-primary">{$texts.change_address|escape}</button>
</form>
