namespace Holdfast.Components.Systemd;

/// <summary>The extent of a stop of the platform.</summary>
/// <param name="WithStores">Stops the stores too. False by default: a backup reads data from them.</param>
/// <param name="KillsStrays">Terminates processes that are left; otherwise they are a problem.</param>
public sealed record StandstillOptions(bool WithStores, bool KillsStrays);
