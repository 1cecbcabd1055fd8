namespace Holdfast.Components.Systemd;

/// <summary>How far the platform is brought to a standstill.</summary>
/// <param name="WithStores">Stores are stopped too. False by default: a backup asks them for their data.</param>
/// <param name="KillsStrays">Processes that are left are ended; otherwise they are a problem.</param>
public sealed record StandstillOptions(bool WithStores, bool KillsStrays);
