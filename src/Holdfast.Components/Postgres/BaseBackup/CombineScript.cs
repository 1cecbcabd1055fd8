namespace Holdfast.Components.Postgres.BaseBackup;

/// <summary>
/// The script that writes changed pages into the files that restic has restored, for restores without Holdfast.
/// </summary>
internal static class CombineScript
{
    public static ReadOnlySpan<byte> Text => """
        # Puts the pages beside it into the files of ../base and ../tablespaces, which lack them until then.
        # Run it once after 'restic restore': python3 combine.py. Format: repository-format.md in the documentation of Holdfast.
        import os, struct

        pages = os.path.dirname(os.path.abspath(__file__))
        for folder, _, names in os.walk(pages):
            for name in names:
                if not name.endswith('.list'):
                    continue
                path = os.path.join(folder, name)[:-len('.list')]
                parts = os.path.relpath(path, pages).split('/')
                place = ['tablespaces', *parts[1:]] if parts[0] == 'pg_tblspc' else ['base', *parts]
                entries = open(path + '.list', 'rb').read()
                magic, version, size, count, length = struct.unpack_from('<4sIIIQ', entries)
                assert magic == b'HFPL' and version == 1, path
                with open(os.path.join(pages, '..', *place), 'r+b') as file, open(path + '.delta', 'rb') as delta:
                    for i in range(count):
                        block, = struct.unpack_from('<I', entries, 24 + 12 * i)
                        file.seek(block * size)
                        file.write(delta.read(size))
                    file.truncate(length)

        """u8;
}
