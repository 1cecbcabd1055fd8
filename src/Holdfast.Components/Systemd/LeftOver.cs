namespace Holdfast.Components.Systemd;

/// <summary>A process of the platform that no unit of it accounts for. <paramref name="Reason"/> says how it was found.</summary>
public sealed record Stray(ProcessEntry Process, string Reason);

/// <summary>What is left of a platform beside its units.</summary>
public sealed record LeftOver(IReadOnlyList<Stray> Strays, IReadOnlyList<PidFile> PidFiles);
