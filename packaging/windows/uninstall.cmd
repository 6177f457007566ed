@echo off
rem SPDX-License-Identifier: LGPL-2.1-or-later
rem Ends and removes what install.cmd installed. The folder that the agent worked in is left, with its log.
setlocal

set "target=%ProgramFiles%\Periscope"
if not "%ProgramW6432%"=="" set "target=%ProgramW6432%\Periscope"
if not exist "%target%\periscoped.exe" goto none

"%target%\periscoped.exe" --uninstall
if errorlevel 1 exit /b 1
del "%target%\periscoped.exe"
if exist "%target%\periscoped32.exe" del "%target%\periscoped32.exe"
if exist "%target%\periscoped.exe.old" del "%target%\periscoped.exe.old"
rmdir "%target%"
if exist "%target%" exit /b 1
exit /b 0

:none
echo uninstall.cmd: there is no agent in "%target%"
exit /b 1
