@echo off
rem Trains on Windows; sets up first where that wasn't done. Every argument goes to train.py:
rem   scripts\train_windows.bat --dry-run
rem   scripts\train_windows.bat --resume
rem TOOLGEMMA_CONFIG names another config than configs/training_config_windows.yaml.
setlocal
chcp 65001 >nul
set "PYTHONUTF8=1"
if not defined TOOLGEMMA_CONFIG set "TOOLGEMMA_CONFIG=configs/training_config_windows.yaml"
pushd "%~dp0.."
if not exist "pyproject.toml" exit /b 1
if exist ".venv\Scripts\python.exe" goto :ready
call "%~dp0setup_windows.bat"
if not "%ERRORLEVEL%"=="0" goto :end

:ready
call "%~dp0find_uv.bat"
if not "%ERRORLEVEL%"=="0" goto :end
%UV% run --no-sync python scripts/train.py --config "%TOOLGEMMA_CONFIG%" %*

:end
set "CODE=%ERRORLEVEL%"
popd
exit /b %CODE%
