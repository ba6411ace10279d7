@echo off
rem Installs toolgemma with a CUDA build of PyTorch. Run it again at any time.
rem   scripts\setup_windows.bat          the build that fits this machine's driver and card
rem   scripts\setup_windows.bat cu126    a build of your choice, as uv's --torch-backend names it
setlocal
chcp 65001 >nul
set "PYTHONUTF8=1"
pushd "%~dp0.."
if not exist "pyproject.toml" exit /b 1
call "%~dp0find_uv.bat"
if not "%ERRORLEVEL%"=="0" goto :failed

set "BACKEND=%~1"
if defined BACKEND goto :install
set "BACKEND=auto"
rem Cards before Turing (compute capability below 7.5) are no longer in the newest CUDA builds; cu126 still has them.
for /f "tokens=1,2 delims=." %%A in ('nvidia-smi --query-gpu^=compute_cap --format^=csv^,noheader 2^>nul') do call :older %%A %%B

:install
echo Installing the packages ...
%UV% sync
if not "%ERRORLEVEL%"=="0" goto :failed
rem The default index has only a CPU build of torch for Windows.
echo Installing torch, build %BACKEND% ...
%UV% pip install --reinstall-package torch torch --torch-backend=%BACKEND%
if not "%ERRORLEVEL%"=="0" goto :failed
rem What the doctor finds has its cure beside it (a login, most of the time) and doesn't undo the set-up.
%UV% run --no-sync toolgemma doctor --config configs/training_config_windows.yaml
echo.
echo Done. From now on type "uv run --no-sync" instead of "uv run", which would put the CPU build back.
echo The base model is gated: accept its terms on its page, then run: %UV% run --no-sync hf auth login
popd
exit /b 0

:older
if %1 LSS 7 set "BACKEND=cu126"
if "%1.%2"=="7.0" set "BACKEND=cu126"
if "%1.%2"=="7.2" set "BACKEND=cu126"
exit /b 0

:failed
set "CODE=%ERRORLEVEL%"
popd
echo error: the set-up stopped with exit code %CODE%. See WINDOWS_SETUP.md. 1>&2
exit /b %CODE%
