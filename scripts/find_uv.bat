@echo off
rem Sets PYTHON (an installed Python 3.11 to 3.14) and UV (how to call uv) for the scripts that call this one.
rem uv is installed with pip where it is missing. Exit code 1: no such Python.

set "PYTHON="
for %%V in (3.12 3.13 3.11 3.14) do if not defined PYTHON call :try_py %%V
if defined PYTHON goto :find
python -c "import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))" >nul 2>nul
if not errorlevel 1 set "PYTHON=python"

:find
set "UV=uv"
where uv.exe >nul 2>nul
if not errorlevel 1 exit /b 0
if not defined PYTHON goto :no_python
set "UV=%PYTHON% -m uv"
%UV% --version >nul 2>nul
if not errorlevel 1 exit /b 0
echo Installing uv with pip ...
%PYTHON% -m pip install "uv>=0.9"
exit /b %ERRORLEVEL%

:try_py
py -%1 -c "" >nul 2>nul
if not errorlevel 1 set "PYTHON=py -%1"
exit /b 0

:no_python
echo error: neither uv nor Python 3.11 to 3.14 was found. Install Python 3.12 with "Add python.exe to PATH" ticked,
echo open a new terminal and run this again. More: WINDOWS_SETUP.md, "Python versions".
exit /b 1
