namespace Holdfast.Restic;

/// <summary>A key of the repository, as far as it is known without its password.</summary>
public sealed record KeyInfo(Id Id, string Username, string Hostname, Timestamp Created, bool Current);
