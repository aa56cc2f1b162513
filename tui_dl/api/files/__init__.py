"""The files dialect: downloads into folders below the download folder, by GET."""
