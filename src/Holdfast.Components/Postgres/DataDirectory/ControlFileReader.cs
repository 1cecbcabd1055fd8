using Holdfast.Components.Postgres.Format;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Postgres.DataDirectory;

/// <summary>Reads what a cluster was last doing out of its data directory.</summary>
internal static class ControlFileReader
{
    /// <exception cref="ProblemException">It is not there, may not be read, or is too short to be one.</exception>
    public static ControlFile Read(string dataDirectory)
    {
        try
        {
            using var file = OwnedFile.Open(ControlFile.PathIn(dataDirectory));
            var bytes = ClusterFolder.ReadBytes(file, ControlFile.Needed);
            return bytes.Length >= ControlFile.Needed ? ControlFile.Parse(bytes) : throw Catalogue.PostgresFiles.Throwable($"{ControlFile.PathIn(dataDirectory)} is too short to be the control file of a cluster.");
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw Catalogue.PostgresFiles.Throwable($"{ControlFile.PathIn(dataDirectory)} could not be read: {unreadable.Message}", unreadable);
        }
    }

    /// <summary>Null where there is none, as in a folder that a restore was cut off in.</summary>
    /// <exception cref="ProblemException">It may not be read, or is too short to be one.</exception>
    public static ControlFile? TryRead(string dataDirectory) => File.Exists(ControlFile.PathIn(dataDirectory)) ? Read(dataDirectory) : null;
}
