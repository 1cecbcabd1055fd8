namespace Holdfast.Engine.Hosts;

/// <summary>Makes names survive a power cut.</summary>
public static class DurableFolder
{
    /// <exception cref="IOException">The folder cannot be synced.</exception>
    public static void Sync(string path) => LibC.SyncDirectory(path);
}
