@echo off
rem Trains behind a slow link: compares the mirrors, then trains. Every argument goes to train.py.
rem An installed Python is used before one is downloaded. UV_DEFAULT_INDEX and UV_PYTHON_INSTALL_MIRROR, where you have
rem set them, tell uv where packages and Pythons come from: see WINDOWS_SETUP.zh-CN.md.
setlocal
set "UV_PYTHON_PREFERENCE=system"
set "TOOLGEMMA_CONFIG=configs/training_config_china.yaml"
if defined UV_DEFAULT_INDEX echo Packages come from UV_DEFAULT_INDEX: %UV_DEFAULT_INDEX%
if not defined UV_DEFAULT_INDEX echo UV_DEFAULT_INDEX is not set: packages come from the default index.
if defined UV_PYTHON_INSTALL_MIRROR echo Pythons come from UV_PYTHON_INSTALL_MIRROR: %UV_PYTHON_INSTALL_MIRROR%
chcp 65001 >nul
set "PYTHONUTF8=1"
pushd "%~dp0.."
if not exist "pyproject.toml" exit /b 1
if exist ".venv\Scripts\python.exe" goto :ready
call "%~dp0setup_windows.bat"
if not "%ERRORLEVEL%"=="0" goto :end

:ready
call "%~dp0find_uv.bat"
if not "%ERRORLEVEL%"=="0" goto :end
rem Exit code 1 says that a source is missing; what is cached or local may do, so training decides.
%UV% run --no-sync toolgemma mirrors --config "%TOOLGEMMA_CONFIG%"
call "%~dp0train_windows.bat" %*

:end
set "CODE=%ERRORLEVEL%"
popd
exit /b %CODE%
