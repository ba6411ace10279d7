@echo off
rem Trains with the settings for an RTX 4090 (24 GB). Every argument goes to train.py.
setlocal
set "TOOLGEMMA_CONFIG=configs/training_config_rtx4090.yaml"
call "%~dp0train_windows.bat" %*
exit /b %ERRORLEVEL%
