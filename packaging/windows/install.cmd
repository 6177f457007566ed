@echo off
rem SPDX-License-Identifier: LGPL-2.1-or-later
rem Installs the agent as a service of this Windows, and starts it. To be run by an administrator.
rem
rem usage: install.cmd [OPTION...] [PORT [SRCHOST]]
rem
rem What is given here goes to "periscoped.exe --install". Without a --workdir the agent works in \periscope of the
rem system's disk, which is made; without a PORT it listens on 9000. An agent that is there already is replaced.
setlocal

set "here=%~dp0"
set bits=32
if /i "%PROCESSOR_ARCHITECTURE%"=="AMD64" set bits=64
if /i "%PROCESSOR_ARCHITEW6432%"=="AMD64" set bits=64

rem A 32-bit shell on a 64-bit system has another idea of the folder for programs.
set "target=%ProgramFiles%\Periscope"
if not "%ProgramW6432%"=="" set "target=%ProgramW6432%\Periscope"
set "work=%SystemDrive%\periscope"

if exist "%target%\periscoped.exe" "%target%\periscoped.exe" --uninstall >nul 2>nul
if not exist "%target%" mkdir "%target%"
if not exist "%work%" mkdir "%work%"

set "agent=periscoped%bits%.exe"
copy /y "%here%%agent%" "%target%\periscoped.exe" >nul
if errorlevel 1 goto failed
rem What has other bits than the agent is dumped by the executable of those bits, beside it.
if "%bits%"=="32" goto copied
set agent=periscoped32.exe
copy /y "%here%%agent%" "%target%\periscoped32.exe" >nul
if errorlevel 1 goto failed
:copied

"%target%\periscoped.exe" --install --workdir "%work%" %*
if errorlevel 1 exit /b 1
"%target%\periscoped.exe" --status
if errorlevel 1 exit /b 1
echo What a test machine should have otherwise is told, and set, by:
echo "%target%\periscoped.exe" --audit
echo "%target%\periscoped.exe" --audit --fix
exit /b 0

:failed
echo install.cmd: could not copy %agent% to "%target%": an administrator's console is needed
exit /b 1
