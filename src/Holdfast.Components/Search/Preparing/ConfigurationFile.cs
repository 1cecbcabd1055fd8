using System.ComponentModel;
using System.Text;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Search.Preparing;

/// <summary>
/// The configuration file of an engine's node. It may be in a directory of the engine's user, who could replace it by a
/// link while root works on it. So it is read and written with the rights of the user who can replace it, and by one
/// descriptor, which keeps its owner, mode and labels.
/// </summary>
internal static class ConfigurationFile
{
    private const int Largest = 4 << 20;

    /// <exception cref="ProblemException">The file cannot be read.</exception>
    public static string Read(string file)
    {
        try
        {
            return TrustedPath.ReadText(file, Largest);
        }
        catch (Exception refused) when (IsRefusal(refused))
        {
            throw Refused(file, "read", refused);
        }
    }

    /// <summary>
    /// Overwrites the existing file in place: with these rights, a new file could not have the owner, access list and
    /// label of the old one. The caller must have registered an undo with a copy of the file, so that a crash loses
    /// nothing.
    /// </summary>
    /// <exception cref="ProblemException">The file cannot be written, or has another name elsewhere (a hard link).</exception>
    public static void Write(string file, string text)
    {
        try
        {
            using var acting = TrustedPath.ActAsKeeper(file);
            using var handle = File.OpenHandle(file, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            if (FileFacts.Of(handle) is not { IsRegular: true, Links: 1 }) throw new IOException("it is not a regular file with one name");
            var bytes = Encoding.UTF8.GetBytes(text);
            RandomAccess.Write(handle, bytes, 0);
            RandomAccess.SetLength(handle, bytes.Length);
            RandomAccess.FlushToDisk(handle);
        }
        catch (Exception refused) when (IsRefusal(refused))
        {
            throw Refused(file, "written", refused);
        }
    }

    /// <summary>Writes a text into a new file beside it, which its owner alone can read; its name, too, survives a power cut.</summary>
    /// <exception cref="ProblemException">The file cannot be made.</exception>
    public static void WriteBeside(string path, string text)
    {
        try
        {
            using var acting = TrustedPath.ActAsKeeper(path);
            using var handle = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write);
            File.SetUnixFileMode(handle, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            RandomAccess.Write(handle, Encoding.UTF8.GetBytes(text), 0);
            RandomAccess.FlushToDisk(handle);
            DurableFolder.Sync(Path.GetDirectoryName(path)!);
        }
        catch (Exception refused) when (IsRefusal(refused))
        {
            throw Refused(path, "made", refused);
        }
    }

    /// <summary>Gives the file the text that was kept beside it, and removes that.</summary>
    /// <exception cref="ProblemException">One of them cannot be read or written.</exception>
    public static void PutBack(string file, string beside)
    {
        Write(file, Read(beside));
        using var acting = TrustedPath.ActAsKeeper(beside);
        File.Delete(beside);
    }

    private static bool IsRefusal(Exception failure) => failure is IOException or UnauthorizedAccessException or Win32Exception;

    private static ProblemException Refused(string path, string verb, Exception why) => Catalogue.SearchPath.Throwable(
        $"{path} cannot be {verb} with the rights of the user who owns its folder: {why.Message.TrimEnd('.')}.", "Add the directory to path.repo in it yourself, and restart the node.");
}
