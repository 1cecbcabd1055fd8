using Holdfast.Restic;
using Holdfast.Restic.Backends;

namespace Holdfast.Engine.Profiles;

/// <summary>Where the repository is and what opens it.</summary>
public sealed record RepositorySettings(string Path, string Password)
{
    /// <summary>Used for what is newly stored.</summary>
    public OpenOptions Options { get; init; } = new();

    public IBackend Backend => new LocalBackend(Path);

    /// <summary>The password stays out of every text that is made of this.</summary>
    public override string ToString() => $"RepositorySettings {{ Path = {Path} }}";
}
