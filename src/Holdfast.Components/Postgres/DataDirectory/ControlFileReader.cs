using Holdfast.Components.Postgres.Format;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Postgres.DataDirectory;

/// <summary>Reads the control file of a data directory.</summary>
internal static class ControlFileReader
{
    /// <exception cref="ProblemException">The file does not exist, cannot be read, or is too short.</exception>
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

    /// <summary>
    /// Reads the control file; null when it does not exist, as in the folder of an interrupted restore.
    /// </summary>
    /// <exception cref="ProblemException">The file cannot be read, or is too short.</exception>
    public static ControlFile? TryRead(string dataDirectory) => File.Exists(ControlFile.PathIn(dataDirectory)) ? Read(dataDirectory) : null;
}
