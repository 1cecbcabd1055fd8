using System.Text;

namespace Holdfast.Restic.Sftp;

/// <summary>Collects the selected entries of directories from the answers of a server, which are not trusted.</summary>
/// <param name="isWanted">Returns true for entries to keep.</param>
/// <param name="most">The limit for kept entries, and for skipped ones.</param>
internal sealed class SftpListing(Predicate<SftpEntry> isWanted, int most)
{
    private readonly List<SftpEntry> _entries = [];
    private readonly HashSet<(string Folder, string Name)> _names = [];
    private int _passedOver;

    public IReadOnlyList<SftpEntry> Entries => _entries;

    /// <summary>Adds the entries of one answer. Duplicates and invalid names are skipped.</summary>
    /// <exception cref="SftpViolation">The answer contains more entries than any repository has, or none.</exception>
    public void Add(string folder, SftpReader answer)
    {
        var count = answer.Number();
        if (count == 0) throw new SftpViolation("it lists nothing, and no end");
        for (; count > 0; count--)
        {
            var name = Encoding.UTF8.GetString(answer.Bytes());
            answer.Bytes(); // the text of "ls -l"
            Add(new SftpEntry(folder, name, answer.Attributes()));
        }
    }

    private void Add(SftpEntry entry)
    {
        var isKept = IsName(entry.Name) && isWanted(entry) && _names.Add((entry.Folder, entry.Name));
        if ((isKept ? _entries.Count : _passedOver++) >= most) throw new SftpViolation($"it lists more than {most} files");
        if (isKept) _entries.Add(entry);
    }

    private static bool IsName(string name) => name is not ("" or "." or "..") && !name.Contains('/') && !name.Contains('\0');
}
